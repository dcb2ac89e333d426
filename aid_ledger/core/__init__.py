"""The floor: no Flask and no domain; Acts, database, money, errors, clock, references, field encryption, jobs."""
