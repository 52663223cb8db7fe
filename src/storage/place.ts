const usualPorts: Readonly<Record<string, number>> = { 'redis:': 6379, 'rediss:': 6379 };

/** Where a server is, by its URL, without user name and password: `db.example.org:5432`. */
export function placeOf(url: string): string {
  const { protocol, hostname, port, searchParams } = new URL(url);
  const host = hostname || searchParams.get('host') || 'localhost';
  // PostgreSQL's socket in a folder.
  return host.startsWith('/') ? host : `${host}:${port || (usualPorts[protocol] ?? 5432)}`;
}
