/** What header fields are made of. */

/** The name of a field, or another token (RFC 9110 section 5.6.2). */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Each part without the white space around it, empty ones left out. */
export const trimmed = (parts: readonly string[] | null | undefined): string[] =>
  parts?.map((part) => part.trim()).filter(Boolean) ?? [];

/** The names that a field like Vary or Connection lists, in lower case. */
export const namesIn = (list: string | null): string[] => trimmed(list?.toLowerCase().split(","));
