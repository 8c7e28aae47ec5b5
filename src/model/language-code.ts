/** Languages that a report can be written in; the words of `--lang`. */
export const languageCodes = ['en', 'id'] as const
export type LanguageCode = (typeof languageCodes)[number]
