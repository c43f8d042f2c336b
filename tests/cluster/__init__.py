"""Replicas on a catalog on PostgreSQL and arrays on S3, behind nginx: what they share, and who may die.

`./run_tests.sh tests/cluster`
"""
