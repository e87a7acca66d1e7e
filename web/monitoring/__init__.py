"""What operators watch: health, metrics, log files."""
