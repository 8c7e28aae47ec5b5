#!/usr/bin/python3
raise SystemExit(1)
