"""What every test gets: guards against what it leaves behind, and real databases."""

pytest_plugins = ["tests.guards", "tests.databases", "pytester"]
