/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/put_get.c -- put an object, read it in place, delete it.
 *
 *   cc put_get.c $(pkg-config --cflags --libs obj) -o put_get && ./put_get
 *
 * It needs a running objd: on the usual socket, or on the one named by $OBJD_SOCKET.
 */
#include <obj/obj.h>

#include <stdio.h>
#include <string.h>

static int complain(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, obj_last_error());
	return 1;
}

int main(void)
{
	static const char text[] = "Hello from another process's point of view.";
	static const char kind[] = "text/plain";
	struct obj_client *client;
	struct obj_view view;
	struct obj_id id;
	char hex[2 * OBJ_ID_BYTES + 1];

	if (obj_open(NULL, NULL, &client) != OBJ_OK)
		return complain("obj_open");

	/* Any 16 bytes name an object. obj_id_from_name() makes them from a string. */
	obj_id_random(&id);
	obj_id_to_hex(&id, hex);

	/* One call copies data and metadata into the arena and seals the object. */
	if (obj_put(client, &id, text, sizeof text - 1, kind, sizeof kind - 1, 1000) != OBJ_OK)
		return complain("obj_put");
	printf("put %zu bytes as %s\n", sizeof text - 1, hex);

	/* A get copies nothing: the view points into the arena, for as long as it is held. */
	if (obj_get(client, &id, 1000, &view) != OBJ_OK)
		return complain("obj_get");
	printf("got %.*s: \"%.*s\"\n", (int)view.metadata_bytes, (const char *)view.metadata,
	       (int)view.data_bytes, (const char *)view.data);

	if (obj_release(client, &view) != OBJ_OK)
		return complain("obj_release");
	if (obj_delete(client, &id) != OBJ_OK)
		return complain("obj_delete");
	obj_close(client);
	return 0;
}
