export default {
  fetch(): Response {
    return Response.json({ orders: [1, 2, 3] });
  },
};
