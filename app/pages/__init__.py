"""The dashboard's pages: a file each with ``TITLE``, ``PLACE``, ``ASKS`` and ``show(setup)``.

``ASKS`` pages ask models or start runs: a dashboard that is read-only leaves them out.
"""
