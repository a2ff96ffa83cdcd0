export default {
  fetch(_request: Request, env: { GREETING: string }): Response {
    return new Response(env.GREETING);
  },
};
