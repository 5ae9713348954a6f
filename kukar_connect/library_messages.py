"""Messages of libraries in our Indonesian: they have none, or another.

Marked here so that they are part of our catalogue; nothing imports this.
"""

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

REST_FRAMEWORK = (
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
PASSWORDS = (
    _("Old password"),
    _("New password"),
    _("New password confirmation"),
    _("Enter the same password as before, for verification."),
    _("Your old password was entered incorrectly. Please enter it again."),
    _("The two password fields didn’t match."),
    _("Your password can’t be too similar to your other personal information."),
    ngettext_lazy(
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.",
    ),
    _("Your password can’t be a commonly used password."),
    _("Your password can’t be entirely numeric."),
)
