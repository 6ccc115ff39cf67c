"""Row triggers: what is published, accepted, submitted, decided or recorded is never changed and never removed."""

from django.db import migrations

FROZEN = ("acceptance", "submission", "decision", "checkpoint")
VERSIONED = ("gateform", "gatepolicy", "licenceversion", "ladder")

FUNCTIONS = """
CREATE FUNCTION gatekeeper_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A row of % is frozen: it is never changed or removed.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION gatekeeper_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'A published version of % is frozen: publish a new one.', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION gatekeeper_sealing_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sealed gatekeeper_event%ROWTYPE;
BEGIN
    sealed := NEW;
    sealed.checkpoint_id := OLD.checkpoint_id;
    IF OLD.checkpoint_id IS NOT NULL OR sealed IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'The record is append-only.' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""

DROP_FUNCTIONS = """
DROP FUNCTION gatekeeper_sealing_only();
DROP FUNCTION gatekeeper_published();
DROP FUNCTION gatekeeper_frozen();
"""


def trigger(table: str, when: str, function: str) -> tuple[str, str]:
    """Return the statements that make and drop one row trigger."""
    name = f"gatekeeper_{table}_{function}_{'_'.join(when.lower().split())}"
    return (
        f"CREATE TRIGGER {name} BEFORE {when} ON gatekeeper_{table} FOR EACH ROW EXECUTE FUNCTION gatekeeper_{function}();",
        f"DROP TRIGGER {name} ON gatekeeper_{table};",
    )


TRIGGERS = [
    *(trigger(table, "UPDATE OR DELETE", "frozen") for table in FROZEN),
    *(trigger(table, "UPDATE OR DELETE", "published") for table in VERSIONED),
    trigger("event", "DELETE", "frozen"),
    trigger("event", "UPDATE", "sealing_only"),
]


class Migration(migrations.Migration):
    dependencies = [("gatekeeper", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        *(migrations.RunSQL(make, drop) for make, drop in TRIGGERS),
    ]
