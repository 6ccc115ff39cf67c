"""The whole service on one machine, with pretend people and the sandbox Hub, and the main job walked from outside.

It knows only what somebody outside knows: processes, addresses, pages, the API. It imports nothing of ours but the
sandbox's remote control.
"""
