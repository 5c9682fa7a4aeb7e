"""Audit -> Plan: what an experiment would ask, cost and detect, before a cent is spent."""
