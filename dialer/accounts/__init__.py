"""Accounts: who may log in, in which role, with which password."""
