"""What looks wrong with registers, and what a condition finds in them.

In: open registers. Out: findings by severity.
"""
