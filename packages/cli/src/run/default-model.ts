/** The model when neither `--model` nor OPENAI_MODEL names one. Apart, so that the help can tell it without loading a client. */
export const defaultModel = "gpt-5-mini";
