"""An API's endpoints: checked, and compiled into the settings document. Nothing here knows a platform.

Two steps. `check` looks at what the program wrote, when it writes it. `compile` puts in what other components hand over
(cache strategies, routers, stores), which through the plugin may become known later.
"""
