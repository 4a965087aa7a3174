/* SPDX-License-Identifier: Apache-2.0 */
/* tests/client/obj_h_c11_test.c -- obj.h is C11, alone, and links; run, it uses what needs no daemon. */
#include <obj/obj.h>

#include <string.h>

int main(void)
{
	const struct obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
	struct obj_client *client = NULL;
	struct obj_id id;
	char text[2 * OBJ_ID_BYTES + 1];

	obj_id_from_name("name", &id);
	obj_id_to_hex(&id, text);
	if (strlen(text) != 2 * OBJ_ID_BYTES)
		return 1;
	if (obj_open("/nonexistent/objd.sock", &options, &client) != OBJ_EDISCONNECTED)
		return 2;
	obj_close(client);
	return strlen(obj_last_error()) > 0 ? 0 : 3;
}
