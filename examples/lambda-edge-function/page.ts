export default {
  fetch(request: Request): Response {
    return new Response(`the page ${new URL(request.url).pathname}\n`);
  },
};
