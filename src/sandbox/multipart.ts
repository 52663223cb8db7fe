function readField(section: string): [string, string] {
  const end = section.indexOf('\r\n\r\n');
  const name = /;\s*name="([^"]*)"/i.exec(section.slice(0, end))?.[1] ?? '';
  return [name, section.slice(end + 4)];
}

/** The fields of a multipart/form-data body (RFC 7578); a file counts as its text. */
export function readMultipart(contentType: string, body: string): [string, string][] {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  const boundary = `\r\n--${quoted ?? plain}`;
  const sections = `\r\n${body}`.split(boundary).slice(1, -1);
  return sections.filter((section) => section.includes('\r\n\r\n')).map(readField);
}
