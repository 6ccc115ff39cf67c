"""Files that somebody hands in: kept in the database, where no address leads, and handed out only to who may see them.

The bytes stand in a row of their own, so that whoever asks about a file does not carry them along. They are backed up,
restored and seen by every machine with everything else.
"""

from django.db import models

from accounts.models import Publisher, User

from .personal import PersonalText


class StoredFile(models.Model):
    """What is known of one file. `kind` was told from its bytes, not from its name."""

    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_at = models.DateTimeField()
    stored_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"File {self.pk}"

    def read(self) -> bytes:
        """Return its bytes. One statement."""
        return bytes(FileContent.objects.get(file=self).content)


class FileContent(models.Model):
    """The bytes of a file."""

    file = models.OneToOneField(StoredFile, on_delete=models.CASCADE, primary_key=True, related_name="+")
    content = models.BinaryField()


class AnswerFile(models.Model):
    """A file that answers a question, kept for as long as that answer stands in a text: the draft's, a submission's.

    Triggers see to it in the same transaction: a row goes with its text, and with its answer when that is taken out of
    the text; with the last row goes the file, bytes and all.
    """

    text = models.ForeignKey(PersonalText, on_delete=models.CASCADE, related_name="files")
    key = models.CharField(max_length=60)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="answering")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["text", "key"], name="one_file_per_answer")]
