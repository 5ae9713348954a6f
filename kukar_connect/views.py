"""Pages of the site that belong to no domain."""

from drf_spectacular.views import SpectacularSwaggerSplitView


class ApiDocs(SpectacularSwaggerSplitView):
    """The API's documentation: script and style come as files, for our strict CSP."""

    url_name = "schema"
