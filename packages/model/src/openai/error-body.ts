/**
 * A `fetch` whose failing answers all carry their error where the SDK looks for it, in the field `error`.
 *
 * Compatible servers put it elsewhere: `{ "detail": … }` (FastAPI), `{ "object": "error", "message": … }` (older vLLM), a list
 * (Gemini). The SDK drops what it does not find, and with it the only words that tell an overflow from a typing error.
 */
export async function fetchWithErrorBody(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (response.ok || !isJson(response)) return response;
  const text = await response.text();
  return new Response(moveError(text), { status: response.status, headers: response.headers });
}

/** Whether an answer is plain JSON, not a stream. */
export function isJson(response: Response): boolean {
  const mediaType = response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  return mediaType === "application/json" || mediaType.endsWith("+json");
}

function moveError(text: string): string {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // Not what it says it is; the SDK shows the text as it came.
    return text;
  }
  if (Array.isArray(body)) body = body[0];
  if (typeof body !== "object" || body === null || ("error" in body && typeof body.error === "object")) return JSON.stringify(body);
  const { error, detail } = body as { error?: unknown; detail?: unknown };
  const found = error ?? detail ?? body;
  return JSON.stringify({ error: typeof found === "string" ? { message: found } : found });
}
