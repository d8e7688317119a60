"""The checks, one module per topic. `console.readiness.all_checks` imports them all, which registers them."""
