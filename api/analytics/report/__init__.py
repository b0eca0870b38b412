"""The report: one self-contained HTML page over the published analytics."""

from api.analytics.report.base_spirit import BaseSpiritClassifier, base_spirit
from api.analytics.report.render import render_report

__all__ = ["BaseSpiritClassifier", "base_spirit", "render_report"]
