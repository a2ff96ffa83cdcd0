import { trimmed } from "../fields";

/** Members of a comma-separated list, trimmed, empty ones left out. A comma in a quoted string separates nothing. */
export const splitList = (text: string): string[] => trimmed(text.match(/(?:[^,"]|"(?:\\.|[^"\\])*(?:"|$))+/g));
