/** Members of a comma-separated list, trimmed, empty ones left out. A comma in a quoted string separates nothing. */
export const splitList = (text: string): string[] => trimmed(text.match(/(?:[^,"]|"(?:\\.|[^"\\])*(?:"|$))+/g));

/** Each part without the white space around it, empty ones left out. */
export const trimmed = (parts: readonly string[] | null | undefined): string[] =>
  parts?.map((part) => part.trim()).filter(Boolean) ?? [];
