/** Entity tags (RFC 9110 section 8.8.3): which are well formed, and when two are one. */

/** `"..."`, after `W/` where it is weak. The quotes are part of it: a text without them is no entity tag. */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;
const EACH_ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

const isEntityTag = (text: string): boolean => ENTITY_TAG.test(text);

const isWeak = (tag: string): boolean => tag.startsWith("W/");

/** A well-formed strong tag: two responses with the same one have the same bytes. */
export const isStrong = (tag: string | null): tag is string => tag !== null && isEntityTag(tag) && !isWeak(tag);

/** A tag without its weakness flag. */
export const opaqueTag = (tag: string): string => (isWeak(tag) ? tag.slice(2) : tag);

/** Equivalent representations, be their bytes the same or not (section 8.8.3.2, weak comparison). */
export const weaklyEqual = (one: string, other: string): boolean =>
  isEntityTag(one) && isEntityTag(other) && opaqueTag(one) === opaqueTag(other);

/** The same bytes (section 8.8.3.2, strong comparison). */
export const stronglyEqual = (one: string, other: string): boolean => isStrong(one) && one === other;

/** The well-formed tags that `If-Match` or `If-None-Match` lists. A comma inside the quotes separates nothing. */
export const entityTagsIn = (list: string): readonly string[] => list.match(EACH_ENTITY_TAG) ?? [];
