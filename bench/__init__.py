"""./dev bench: the daemon beside what people use today. See bench/README.md."""
