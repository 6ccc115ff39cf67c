// Shows and hides questions as soon as an answer changes. Which are shown is decided by rules/showing.py, which judges
// whatever is sent; here the same four comparisons are made with what stands in the fields.
(function () {
  "use strict";

  function given(form, name) {
    const fields = Array.from(form.elements).filter((field) => field.name === name);
    const block = fields.length ? fields[0].closest(".question") : null;
    if (!block || block.hidden) return [];
    return fields
      .filter((field) => !["checkbox", "radio"].includes(field.type) || field.checked)
      .map((field) => field.value.trim())
      .filter((value) => value !== "");
  }

  function isMet(block, form) {
    const answer = given(form, block.dataset.showName);
    if (["ticked", "answered"].includes(block.dataset.showTest)) return answer.length > 0;
    return block.dataset.showValues.split("\n").some((value) => answer.includes(value));
  }

  function update(form) {
    for (const block of form.querySelectorAll(".question[data-show-name]")) {
      if (!form.elements.namedItem(block.dataset.showName)) continue; // that answer stands; the page was made for it
      block.hidden = !isMet(block, form);
      block.querySelector("input[name=seen]").disabled = block.hidden;
    }
  }

  for (const form of new Set(Array.from(document.querySelectorAll(".question[data-show-name]"), (block) => block.closest("form")))) {
    if (!form) continue;
    update(form);
    form.addEventListener("input", () => update(form));
    form.addEventListener("change", () => update(form));
  }
})();
