/* SPDX-License-Identifier: Apache-2.0 */
/*
 * obj.h -- client API of the object store. C11 and C++; the only header a user includes.
 *
 * Conventions, said once and true of every function below:
 *
 *   Errors      0, or a negative enum obj_status. Out-parameters are written only on 0, unless the
 *               function says otherwise. obj_last_error() has the sentence that names the cause.
 *   Handles     Opaque. Each open/get/create/..._async has exactly one matching
 *               close/release/seal-or-abort/test-or-wait.
 *   Ownership   Arguments are borrowed for the call. What stays borrowed longer says so. The
 *               library never returns memory that the user must free().
 *   Threads     Every function may be called from any thread at any time, obj_close() excepted:
 *               it must be the last call on its client. Views, buffers and requests may move
 *               between threads; two threads must not use the same one at once. Getting and
 *               releasing an object that is in this node's memory takes no lock.
 *   Signals     The library starts no threads, installs no signal handlers and calls no callbacks.
 *   fork()      In the child every call on a client opened by the parent returns OBJ_EFORKED and
 *               changes nothing of the parent's; bytes of views that the parent holds stay readable
 *               there while the parent holds them. The child may obj_close() the handle and open its
 *               own.
 *   Units       Sizes and offsets are bytes in uint64_t, named *_bytes. Times are milliseconds in
 *               int32_t, named *_ms; OBJ_FOREVER means no limit, 0 means do not wait.
 *   Silence     If objd is there but does not answer (stopped, starved of CPU), a call gives up with
 *               OBJ_ETIMEOUT 10 s after the time that it was given, or after its start if it takes
 *               none; what it asked for may still happen. Calls with OBJ_FOREVER wait on.
 *   Options     NULL means defaults. Otherwise start from OBJ_*_OPTIONS_INIT, which records the
 *               size your program was compiled with, so that older binaries keep working.
 */
#ifndef OBJ_OBJ_H
#define OBJ_OBJ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OBJ_ID_BYTES 16
#define OBJ_OWNER_BYTES_MAX 31          /* longest owner name, without its NUL */
#define OBJ_METADATA_BYTES_MAX 0x7fffffffu
#define OBJ_FOREVER (-1)

/* Values are part of the ABI: append, never renumber. */
enum obj_status {
	OBJ_OK = 0,
	OBJ_ENOTFOUND = -1,     /* no sealed object with that id, and the time given ran out */
	OBJ_ETIMEOUT = -2,      /* the time given ran out while the object was on its way */
	OBJ_ENOMEM = -3,        /* no room in time; obj_last_error() names who holds the memory */
	OBJ_EDISCONNECTED = -4, /* objd is gone; only release and obj_close() are useful now */
	OBJ_EINVAL = -5,        /* an argument breaks the contract written at the function */
	OBJ_ESYSTEM = -6,       /* a system call failed; see obj_last_error() */
	OBJ_EEXISTS = -7,       /* an object of that id exists, sealed or being created */
	OBJ_EREADONLY = -8,     /* the client was opened with OBJ_READ_ONLY */
	OBJ_EFORKED = -9,       /* this client belongs to the parent process */
	OBJ_ELIMIT = -10,       /* a limit of obj_open_options is reached: the message names it */
	OBJ_EREFUSED = -11,     /* objd refused the session: version, limits or permission */
	OBJ_ETOOLARGE = -12,    /* can never fit in this node's arena */
	OBJ_ECANCELLED = -13,   /* ended by obj_cancel() */
	OBJ_ENOTOWNER = -14,    /* not the creator, or no pin by that owner */
	OBJ_EUNAVAILABLE = -15, /* other nodes or storage are needed and cannot be reached, or failed */
	OBJ_EDAMAGED = -16,     /* it was spilled to storage, and its record there is damaged or gone */
};

struct obj_client;
struct obj_request;

/* Any 16 bytes are a valid id. */
struct obj_id {
	uint8_t bytes[OBJ_ID_BYTES];
};

/* Read-only bytes of one pinned object. Fill in nothing; obj_get() does. */
struct obj_view {
	const void *data;        /* data_bytes bytes, aligned to 64 (4096 from 4 KiB up); never NULL */
	const void *metadata;    /* metadata_bytes bytes, aligned to 8; never NULL */
	uint64_t data_bytes;
	uint64_t metadata_bytes;
	uint64_t private_[2];    /* the library's: the pin */
};

/* Writable bytes of one object under construction. obj_create() fills it in. */
struct obj_buffer {
	void *data;              /* data_bytes bytes, aligned as in obj_view; never NULL */
	void *metadata;          /* metadata_bytes bytes, aligned to 8; never NULL */
	uint64_t data_bytes;
	uint64_t metadata_bytes;
	uint64_t private_[2];    /* the library's: slot and generation */
};

/* ---- messages ------------------------------------------------------------------------------ */

/* The name of a status, e.g. "OBJ_ENOTFOUND". Never NULL; static. */
const char *obj_status_name(int status);

/* A sentence for the last call of this thread that failed: cause and mend. Never NULL; valid until
 * this thread's next call into the library. */
const char *obj_last_error(void);

/* The library's version, "MAJOR.MINOR.PATCH". */
const char *obj_version(void);

/* ---- ids ----------------------------------------------------------------------------------- */

/* 128 random bits. */
void obj_id_random(struct obj_id *id);

/* The 16 bytes at `bytes`, as they are. */
void obj_id_from_bytes(const void *bytes, struct obj_id *id);

/* XXH3-128 (canonical byte order) of the name's bytes: equal names give equal ids in every process
 * and language. Not cryptographic: do not let strangers choose names that must not collide. */
void obj_id_from_name(const char *name, struct obj_id *id);

/* 32 hex digits and a NUL into `text`. */
void obj_id_to_hex(const struct obj_id *id, char text[2 * OBJ_ID_BYTES + 1]);

/* OBJ_EINVAL unless `text` is exactly 32 hex digits. */
int obj_id_from_hex(const char *text, struct obj_id *id);

/* ---- open and close ------------------------------------------------------------------------ */

#define OBJ_READ_ONLY 1u /* descriptors with which this process cannot write the arena */

struct obj_open_options {
	uint32_t struct_bytes;  /* set by OBJ_OPEN_OPTIONS_INIT */
	uint32_t flags;         /* OBJ_READ_ONLY or 0 */
	uint32_t pins_max;      /* views held at once; 0: 16384 */
	uint32_t requests_max;  /* operations in flight at once, a power of two; 0: 4096 */
	int32_t spin_us;        /* how long a call spins before it sleeps; -1: 50, or 0 on one CPU */
	int32_t timeout_ms;     /* for the hello; 0: 5000 */
	const char *name;       /* shown by objctl; NULL: the program's name */
};
#define OBJ_OPEN_OPTIONS_INIT { sizeof(struct obj_open_options), 0, 0, 0, -1, 0, NULL }

/*
 * obj_open() -- connect to the objd of this node.
 *
 *   socket_path  of objd; NULL: $OBJD_SOCKET, else /run/objd/objd.sock for root,
 *                else $XDG_RUNTIME_DIR/objd/objd.sock, else /tmp/objd-UID/objd.sock
 *   client       out
 *
 * OBJ_EDISCONNECTED if nothing listens there, OBJ_EREFUSED if objd said no, OBJ_ETIMEOUT,
 * OBJ_ESYSTEM, OBJ_EINVAL.
 */
int obj_open(const char *socket_path, const struct obj_open_options *options,
	     struct obj_client **client);

/*
 * obj_close() -- end the session: releases all views, aborts unsealed objects, cancels requests.
 *
 * The views, buffers and requests of the client are invalid afterwards, and their bytes unmapped.
 * NULL is allowed. Must not run beside another call on the same client.
 */
void obj_close(struct obj_client *client);

/* ---- put ----------------------------------------------------------------------------------- */

/*
 * obj_put() -- store a copy of `data` and `metadata` under `id` and seal it.
 *
 * When it returns 0, every process of the node can get the object. Waits up to timeout_ms for memory
 * where the arena is full. On failure nothing is left behind.
 *
 *   data, metadata  may be NULL if their size is 0
 *
 * OBJ_EEXISTS, OBJ_ENOMEM, OBJ_ETOOLARGE, OBJ_EREADONLY, OBJ_EDISCONNECTED, OBJ_EINVAL.
 */
int obj_put(struct obj_client *client, const struct obj_id *id, const void *data,
	    uint64_t data_bytes, const void *metadata, uint64_t metadata_bytes, int32_t timeout_ms);

/*
 * obj_create() -- reserve an object and return its writable bytes, to be filled in place.
 *
 * Nobody sees the object until obj_seal(). The bytes start with undefined content. If this process
 * dies or closes first, the object is gone. Errors as obj_put().
 */
int obj_create(struct obj_client *client, const struct obj_id *id, uint64_t data_bytes,
	       uint64_t metadata_bytes, int32_t timeout_ms, struct obj_buffer *buffer);

/* Make the object visible. The buffer must not be written any more. OBJ_ENOTFOUND if somebody
 * deleted it meanwhile; the buffer is used up in every case but OBJ_EINVAL and OBJ_EFORKED. */
int obj_seal(struct obj_client *client, struct obj_buffer *buffer);

/* Give the memory back unsealed. */
int obj_abort(struct obj_client *client, struct obj_buffer *buffer);

/* ---- get ----------------------------------------------------------------------------------- */

/*
 * obj_get() -- pin an object and view its bytes in place, without a copy.
 *
 *   timeout_ms  how long to wait for the object to be sealed, here or on another node of the cluster,
 *               from where it is then copied here; 0 succeeds only if it is on this node now
 *   view        out. Its bytes neither change nor move until obj_release(), and are not evicted
 *               meanwhile: hold views briefly, or the node runs out of room for others.
 *
 * After the timeout: OBJ_ENOTFOUND if no node had it, OBJ_ETIMEOUT if one has it or is making it, or
 * if that could not be found out. Before: OBJ_EUNAVAILABLE if every holder died or failed,
 * OBJ_ETOOLARGE if this node's arena cannot hold it. OBJ_ELIMIT (pins_max views are held),
 * OBJ_EDAMAGED (it was spilled, and cannot be read back),
 * OBJ_EDISCONNECTED, OBJ_EINVAL. After an error nothing is pinned.
 */
int obj_get(struct obj_client *client, const struct obj_id *id, int32_t timeout_ms,
	    struct obj_view *view);

/*
 * obj_get_many() -- obj_get() of `count` ids under one timeout, asked for together.
 *
 *   views     out: count entries; entry i is valid where statuses[i] is OBJ_OK
 *   statuses  out: count entries, each as obj_get() would return
 *
 * 0 if every object was got; otherwise the first non-zero status, with views and statuses written:
 * what could be got is pinned and must be released. Duplicate ids are fine, one view each.
 */
int obj_get_many(struct obj_client *client, const struct obj_id *ids, size_t count,
		 int32_t timeout_ms, struct obj_view *views, int *statuses);

/* Unpin. The view is emptied; releasing an emptied view is OBJ_EINVAL. Works after objd is gone. */
int obj_release(struct obj_client *client, struct obj_view *view);

/* Release those of `count` views that are not empty. */
int obj_release_many(struct obj_client *client, struct obj_view *views, size_t count);

/* 1 into *present if a sealed object with that id is on this node, in memory or storage, else 0. Not a promise for later. */
int obj_contains(struct obj_client *client, const struct obj_id *id, int *present);

/*
 * obj_wait() -- until at least `wanted` of the `count` objects are here, sealed, or time is up.
 *
 * Objects of other nodes are brought here, after those that somebody gets.
 *
 *   ready        out, count bytes: 1 where the object is here. Pins nothing.
 *   ready_count  out: how many; never less than `wanted` when 0 is returned
 *
 * Both are written on 0 and on OBJ_ETIMEOUT. A duplicate id counts once for each time it is named.
 * OBJ_ELIMIT if more of them are missing than requests_max.
 */
int obj_wait(struct obj_client *client, const struct obj_id *ids, size_t count, size_t wanted,
	     int32_t timeout_ms, uint8_t *ready, size_t *ready_count);

/* ---- other nodes ---------------------------------------------------------------------------- */

/*
 * obj_prefetch() -- have objects of other nodes brought here, after whatever somebody waits for.
 *
 *   timeout_ms  how long they are wanted; they need not exist yet
 *
 * Returns at once, and promises nothing: what was brought may be evicted before it is got. Ids that
 * are here already are fine. A node alone: OBJ_ENOTFOUND for ids that are not here.
 */
int obj_prefetch(struct obj_client *client, const struct obj_id *ids, size_t count,
		 int32_t timeout_ms);

/*
 * obj_push() -- have the node `node` (as `objctl nodes` lists it) prefetch an object.
 *
 * 0 when that node was asked; it then brings the object as if its own client had called
 * obj_prefetch(). OBJ_EUNAVAILABLE if the node is unknown or does not answer. OBJ_EINVAL if node is 0.
 */
int obj_push(struct obj_client *client, const struct obj_id *id, uint32_t node);

/* ---- storage -------------------------------------------------------------------------------- */

/*
 * obj_spill() -- write an object to this node's storage now; objd does so by itself as memory runs
 * short.
 *
 * 0 when it is durable: it survives a crash of objd, and may leave memory whenever room is wanted.
 * An object whose primary copy is another node's is left to that node. OBJ_ENOTFOUND if it is not
 * here; OBJ_EUNAVAILABLE if there is no spill_directory, or storage fails.
 */
int obj_spill(struct obj_client *client, const struct obj_id *id);

/*
 * obj_restore() -- have an object that is in this node's storage back in memory.
 *
 * 0 when it is there, though it may leave again. OBJ_ENOTFOUND if it is neither in memory nor in
 * storage here, OBJ_ETIMEOUT (no room in time), OBJ_EDAMAGED, OBJ_EUNAVAILABLE (storage fails).
 */
int obj_restore(struct obj_client *client, const struct obj_id *id, int32_t timeout_ms);

/* ---- delete, pin --------------------------------------------------------------------------- */

/*
 * obj_delete() -- free an object.
 *
 * From now on nobody gets it, and its id can be created again. In a cluster that holds for every node
 * that the directory could tell; if it could not be told: OBJ_EUNAVAILABLE, and the object is gone on
 * this node only. Views that are held stay valid; the
 * memory comes back when the last one is released. An object under construction goes when its
 * creator seals or aborts it. Deleting an object that does not exist is a success. Pins by owner
 * name do not protect from obj_delete().
 */
int obj_delete(struct obj_client *client, const struct obj_id *id);

/*
 * obj_pin() -- keep an object in memory on behalf of `owner`, beyond the life of this client.
 *
 *   owner  1..OBJ_OWNER_BYTES_MAX bytes; a second pin by the same owner changes nothing
 *
 * Ends with obj_unpin() by the same owner name or obj_delete(). OBJ_ENOTFOUND if it is not here.
 */
int obj_pin(struct obj_client *client, const struct obj_id *id, const char *owner);

/* OBJ_ENOTFOUND if the object is not here, OBJ_ENOTOWNER if `owner` has no pin on it. */
int obj_unpin(struct obj_client *client, const struct obj_id *id, const char *owner);

/* ---- looking around ------------------------------------------------------------------------ */

enum obj_state {
	OBJ_STATE_CREATING = 1, /* not sealed yet */
	OBJ_STATE_SEALED = 2,
	OBJ_STATE_LEAVING = 3,  /* being evicted, this very moment */
	OBJ_STATE_SPILLED = 4,  /* sealed, in storage and not in memory; not seen by obj_list() */
};

struct obj_info {
	struct obj_id id;
	uint32_t state;          /* enum obj_state */
	uint32_t owner_pins;     /* owners by name; 0 in obj_list() */
	uint64_t data_bytes;
	uint64_t metadata_bytes;
	uint64_t generation;     /* of the slot: a new object at the same place has another */
	uint32_t views;          /* held by clients, all processes; 0 in obj_list() */
	int32_t creator_pid;     /* while CREATING; else, and in obj_list(), 0 */
};

/* OBJ_ENOTFOUND if no object of that id is here in any state. */
int obj_stat(struct obj_client *client, const struct obj_id *id, struct obj_info *info);

/*
 * obj_list() -- the objects here, some at a time, without a message to objd.
 *
 *   cursor    in/out; start with 0. Set to 0 when the end is reached.
 *   infos     out: up to `capacity` entries;  count: out
 *
 * Objects that come or go meanwhile may or may not be listed; each is listed at most once unless its
 * slot is reused between two calls.
 */
int obj_list(struct obj_client *client, uint64_t *cursor, struct obj_info *infos, size_t capacity,
	     size_t *count);

#define OBJ_STATUS_AUDIT 1u     /* the same, with a recount of the ledger; slow */
#define OBJ_STATUS_TRANSFERS 2u /* the pulls that run: source, rate, progress, what they wait for */
#define OBJ_STATUS_NODES 3u     /* the nodes of the cluster, as the directory knows them */

/*
 * obj_status() -- the daemon's state as JSON text: arena, ledger, sessions, configuration.
 *
 *   topic          0, or one of OBJ_STATUS_...; the fields are listed in objctl(1)
 *   text           out: up to capacity bytes, always NUL-terminated; may be NULL if capacity is 0
 *   needed_bytes   out: bytes of the whole text with its NUL; more than capacity: it was cut
 *
 * What the directory would have to say and did not is an "error" in the text.
 */
int obj_status(struct obj_client *client, uint32_t topic, char *text, size_t capacity,
	       size_t *needed_bytes);

/* obj_locate() -- where the copies of an object are, as JSON text like obj_status()'s. */
int obj_locate(struct obj_client *client, const struct obj_id *id, char *text, size_t capacity,
	       size_t *needed_bytes);

/* ---- non-blocking calls, in MPI's shape ------------------------------------------------------ */

/*
 * An obj_..._async() call starts an operation and returns a request; its arguments, out-parameters
 * included, stay borrowed until the request is complete. Requests progress only inside calls into
 * the library on the same client, from any thread. A request ends by obj_test() or obj_wait_all()
 * reporting it complete, which frees it and sets it to NULL. Starting more than requests_max at
 * once is OBJ_ELIMIT. A call that fails has started nothing and leaves its arguments as they were. The
 * bytes of a large put are copied inside obj_test() or obj_wait_all(). When objd is gone, requests are
 * still collected, with OBJ_EDISCONNECTED if they did not complete before.
 */
int obj_put_async(struct obj_client *client, const struct obj_id *id, const void *data,
		  uint64_t data_bytes, const void *metadata, uint64_t metadata_bytes,
		  int32_t timeout_ms, struct obj_request **request);
int obj_create_async(struct obj_client *client, const struct obj_id *id, uint64_t data_bytes,
		     uint64_t metadata_bytes, int32_t timeout_ms, struct obj_buffer *buffer,
		     struct obj_request **request);
int obj_seal_async(struct obj_client *client, struct obj_buffer *buffer,
		   struct obj_request **request);
int obj_get_async(struct obj_client *client, const struct obj_id *id, int32_t timeout_ms,
		  struct obj_view *view, struct obj_request **request);
int obj_delete_async(struct obj_client *client, const struct obj_id *id,
		     struct obj_request **request);

/*
 * obj_test() -- make progress; if *request is complete, free it, set it to NULL and say so.
 *
 *   done    out: 1 if complete (also if *request is NULL), else 0
 *   status  out, may be NULL: the operation's result; written only when done
 */
int obj_test(struct obj_client *client, struct obj_request **request, int *done, int *status);

/*
 * obj_wait_all() -- until all are complete or time is up. NULL entries count as complete.
 *
 *   statuses  out, may be NULL: count entries, written for the requests that completed in this call
 *
 * 0 if all succeeded; the first failed operation's status otherwise; OBJ_ETIMEOUT if some are not
 * complete: those stay valid and are not NULL.
 */
int obj_wait_all(struct obj_client *client, struct obj_request **requests, size_t count,
		 int32_t timeout_ms, int *statuses);

/* Ask an operation to end early. It still completes, with OBJ_ECANCELLED or with its result, and must
 * be collected. */
int obj_cancel(struct obj_client *client, struct obj_request *request);

#ifdef __cplusplus
}
#endif

#endif /* OBJ_OBJ_H */
