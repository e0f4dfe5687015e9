"""What may be published of results: released tables, figures and displays, composed in one place.

In: results and a `Disclosure`. Out: `Published`. Nothing outside this package calls `release`.
"""
