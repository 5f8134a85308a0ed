"""A fleet that is asked: every VM of the plan answers as its agent would, and what becomes of its reports is accounted for."""
