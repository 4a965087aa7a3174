/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/mpi_style.c -- many operations in flight, waited for together, as with MPI requests.
 *
 *   cc mpi_style.c $(pkg-config --cflags --libs obj) -o mpi_style && ./mpi_style
 *
 * It needs a running objd: on the usual socket, or on the one named by $OBJD_SOCKET.
 */
#include <obj/obj.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 64, BLOCK_BYTES = 64 * 1024 };

static int complain(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, obj_last_error());
	return 1;
}

/* Starts one put for each block, then waits for all. The blocks stay borrowed until then. */
static int put_blocks(struct obj_client *client, const struct obj_id *ids, const char *blocks)
{
	struct obj_request *requests[BLOCKS] = { NULL };

	for (size_t i = 0; i < BLOCKS; i++) {
		if (obj_put_async(client, &ids[i], blocks + i * BLOCK_BYTES, BLOCK_BYTES, NULL, 0,
				  1000, &requests[i]) != OBJ_OK)
			return complain("obj_put_async");
	}
	/* Something else could be computed here: obj_test() on a request moves it along. */
	if (obj_wait_all(client, requests, BLOCKS, OBJ_FOREVER, NULL) != OBJ_OK)
		return complain("obj_wait_all");
	return 0;
}

/* Views all blocks at once, and checks them where they lie. */
static int check_blocks(struct obj_client *client, const struct obj_id *ids, const char *blocks)
{
	static struct obj_view views[BLOCKS];
	int statuses[BLOCKS];
	size_t wrong = 0;

	if (obj_get_many(client, ids, BLOCKS, 1000, views, statuses) != OBJ_OK)
		return complain("obj_get_many");
	for (size_t i = 0; i < BLOCKS; i++) {
		if (views[i].data_bytes != BLOCK_BYTES ||
		    memcmp(views[i].data, blocks + i * BLOCK_BYTES, BLOCK_BYTES) != 0)
			wrong++;
	}
	if (obj_release_many(client, views, BLOCKS) != OBJ_OK)
		return complain("obj_release_many");
	printf("%d blocks of %d bytes put and read back in place, %zu wrong\n", BLOCKS, BLOCK_BYTES,
	       wrong);
	return wrong == 0 ? 0 : 1;
}

int main(void)
{
	static struct obj_id ids[BLOCKS];
	struct obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
	struct obj_client *client;
	char *blocks;
	int status;

	options.name = "mpi_style";
	if (obj_open(NULL, &options, &client) != OBJ_OK)
		return complain("obj_open");
	blocks = malloc((size_t)BLOCKS * BLOCK_BYTES);
	if (blocks == NULL)
		return 1;
	for (size_t i = 0; i < BLOCKS; i++) {
		obj_id_random(&ids[i]);
		memset(blocks + i * BLOCK_BYTES, (int)i, BLOCK_BYTES);
	}

	status = put_blocks(client, ids, blocks);
	if (status == 0)
		status = check_blocks(client, ids, blocks);
	for (size_t i = 0; i < BLOCKS; i++)
		obj_delete(client, &ids[i]);

	free(blocks);
	obj_close(client);
	return status;
}
