/** A longer text is not remembered, so that a table holds a few megabytes at most. */
const MAX_LENGTH = 512;

/** `make`, which remembers what it made of up to `most` texts: for what the same few are asked for again and again. */
export function remembering<T>(most: number, make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    let made = known.get(text);
    if (made === undefined) {
      made = make(text);
      if (text.length <= MAX_LENGTH) {
        // Started afresh when full: an attacker's many texts cost this table, and nothing else.
        if (known.size >= most) known.clear();
        known.set(text, made);
      }
    }
    return made;
  };
}
