export default {
  fetch(): Response {
    return Response.json({ now: new Date().toISOString() });
  },
};
