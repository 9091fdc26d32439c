"""The settings of the embedded PostgreSQL server, as text for its configuration files."""

import os
from pathlib import Path

MAX_CONNECTIONS = 60


def client_rules(*, tcp: bool) -> str:
    """Who may connect from where: everybody with a password, from this machine only."""
    rules = "local all all scram-sha-256\n"
    return rules + "host all all 127.0.0.1/32 scram-sha-256\n" if tcp else rules


def server_settings(socket_dir: Path, port: int, *, tcp: bool, durable: bool) -> str:
    values = {
        "listen_addresses": "127.0.0.1" if tcp else "",
        "port": str(port),
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "max_connections": str(MAX_CONNECTIONS),
        **_memory_settings(),
        **_LOG_SETTINGS,
        **(_DURABLE_SETTINGS if durable else _DISPOSABLE_SETTINGS),
    }
    lines = ["# Written at every start; yours go to postgres.conf.d/ in MIEONE_HOME."]
    lines += [f"{name} = '{_quoted(value)}'" for name, value in values.items()]
    lines.append("include_dir = '../postgres.conf.d'")
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    return value.replace("'", "''")


_LOG_SETTINGS = {
    # Values of rows and parameters are personal data: no DETAIL lines, no statements, no parameters.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_line_prefix": "%m [%p] %u ",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "lc_messages": "C",
}
_DURABLE_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "max_logical_replication_workers": "0",
    # A table may grow a hundredfold within a minute, and plans made for the small one are slow.
    "autovacuum_naptime": "5s",
}
_DISPOSABLE_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
    "autovacuum": "off",
}


def _memory_settings() -> dict[str, str]:
    """A quarter of the machine for the buffers, at most 1 GiB: it shares the machine with us."""
    total_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {
        "shared_buffers": f"{max(128, min(total_mb // 4, 1024))}MB",
        "effective_cache_size": f"{max(256, total_mb // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "256MB",
        "random_page_cost": "1.1",
        "jit": "off",
    }
