"""Messages of the REST framework that it has no Indonesian words for.

Marked here so that they are part of our catalogue; nothing imports this.
"""

from django.utils.translation import gettext_noop as _

MESSAGES = (
    _("A valid number is required."),
    _('"{input}" is not a valid choice.'),
    _("This field is required."),
    _("This field may not be null."),
    _("This field may not be blank."),
    _("Must be a valid UUID."),
    _("Not a valid string."),
    _("Datetime has wrong format. Use one of these formats instead: {format}."),
    _("Ensure this field has no more than {max_length} characters."),
    _("JSON parse error - {detail}"),
    _("Invalid token."),
)
