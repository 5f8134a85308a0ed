"""Pure: distributions, apportionment, fleet, schedule, load forecast."""
