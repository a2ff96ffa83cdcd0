/** Members of a comma-separated list, trimmed, empty ones left out. A comma in a quoted string separates nothing. */
export function splitList(text: string): string[] {
  return (
    text
      .match(/(?:[^,"]|"(?:\\.|[^"\\])*(?:"|$))+/g)
      ?.map((part) => part.trim())
      .filter(Boolean) ?? []
  );
}
