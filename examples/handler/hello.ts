interface Env {
  VISITS: { get(key: string): Promise<string | null> };
  SIGNATURE: string;
  API_KEY: string;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const name = decodeURIComponent(new URL(request.url).pathname.split("/").at(-1) ?? "");
    const welcome = await env.VISITS.get("welcome");
    return Response.json({ text: `${welcome}, ${name}`, from: env.SIGNATURE, hasKey: env.API_KEY !== "" });
  },
};
