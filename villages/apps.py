from django.apps import AppConfig
from django.core.checks import register


class VillagesConfig(AppConfig):
    name = "villages"

    def ready(self) -> None:
        # Not before: flags are choices of models.
        from villages.flags import check_settings

        register(check_settings)
