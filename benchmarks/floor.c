/* The floor: what a client costs that only reads, stamps and throws away. It parses nothing and records nothing.
 *
 *   gcc -O2 -o floor floor.c && ./floor HOST PORT STREAMS TOKENS [PATH]
 *
 * All connections are opened first; then every request is sent, one after the other, and all streams are read from one epoll.
 * One read is taken for one token (the server writes a token at a time); TTFT is from just before a request's write to the first read
 * after the head, TPOT is (last read - first read) / (TOKENS - 1). Prints one JSON line with bench_serving's names. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 18, READY = 512 };

struct stream {
    int socket, headed;
    int64_t sent, first, last;
};

static int64_t now_ns(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int by_value(const void *left, const void *right) {
    float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv) {
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: floor HOST PORT STREAMS TOKENS [PATH]\n");
        return 2;
    }
    int streams = atoi(argv[3]), tokens = atoi(argv[4]), yes = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    if (streams < 1 || tokens < 2 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
        fprintf(stderr, "floor: an IPv4 address, at least 1 stream and 2 tokens are needed\n");
        return 2;
    }
    const char *path = argc == 6 ? argv[5] : "/generate";
    static char ids[512], body[1024], request[2048], buffer[READ_BYTES];
    for (int k = 0; k < 64; k++) sprintf(ids + strlen(ids), "%s%d", k ? "," : "", 100 + k);
    /* as ours, with the counts that it asks for */
    const char *form = strstr(path, "chat")
        ? "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}],\"max_completion_tokens\":%d,\"stream\":true,"
          "\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}}"
        : strstr(path, "/v1/")
        ? "{\"model\":\"m\",\"prompt\":[%s],\"max_tokens\":%d,\"stream\":true,"
          "\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}}"
        : "{\"input_ids\":[%s],\"sampling_params\":{\"temperature\":0.0,\"max_new_tokens\":%d,\"ignore_eos\":true},\"stream\":true}";
    int size = snprintf(body, sizeof body, form, ids, tokens);
    int length = snprintf(request, sizeof request,
                          "POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                          path, argv[1], argv[2], size, body);
    struct stream *all = calloc((size_t)streams, sizeof *all);
    size_t gaps = 0, room = (size_t)streams * (size_t)tokens;
    float *gap = malloc(room * sizeof *gap);
    int ready = epoll_create1(0);
    if (!all || !gap || ready < 0) fail("floor");
    for (int k = 0; k < streams; k++) {
        all[k].socket = socket(AF_INET, SOCK_STREAM, 0);
        if (all[k].socket < 0 || connect(all[k].socket, (struct sockaddr *)&to, sizeof to)) fail("connect");
        setsockopt(all[k].socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        fcntl(all[k].socket, F_SETFL, O_NONBLOCK);
        struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = &all[k]};
        if (epoll_ctl(ready, EPOLL_CTL_ADD, all[k].socket, &wanted)) fail("epoll_ctl");
    }
    usleep(200000); /* the server has taken them all */
    for (int k = 0; k < streams; k++) {
        all[k].sent = now_ns();
        if (write(all[k].socket, request, (size_t)length) != length) fail("write");
    }
    struct epoll_event found[READY];
    for (int open = streams; open > 0;) {
        int count = epoll_wait(ready, found, READY, 30000);
        if (count <= 0) {
            fprintf(stderr, "floor: nothing came for 30 s, %d streams are open\n", open);
            return 1;
        }
        for (int k = 0; k < count; k++) {
            struct stream *one = found[k].data.ptr;
            ssize_t got = read(one->socket, buffer, sizeof buffer);
            int64_t at = now_ns();
            if (got <= 0) {
                fprintf(stderr, "floor: a stream ended early\n");
                return 1;
            }
            char *begin = buffer;
            if (!one->headed) { /* the head comes alone, or with the first token */
                if (strncmp(buffer, "HTTP/1.1 200", 12)) {
                    fprintf(stderr, "floor: refused: %.80s\n", buffer);
                    return 1;
                }
                one->headed = 1;
                begin = memmem(buffer, (size_t)got, "\r\n\r\n", 4);
                begin = begin ? begin + 4 : buffer + got;
            }
            if (begin == buffer + got) continue;
            if (!one->first) one->first = at;
            else if (gaps < room) gap[gaps++] = (float)((double)(at - one->last) / 1e6);
            one->last = at;
            if (got >= 7 && !memcmp(buffer + got - 7, "\r\n0\r\n\r\n", 7)) {
                close(one->socket);
                open--;
            }
        }
    }
    double ttft = 0, tpot = 0;
    for (int k = 0; k < streams; k++) {
        ttft += (double)(all[k].first - all[k].sent) / 1e6 / streams;
        tpot += (double)(all[k].last - all[k].first) / 1e6 / (tokens - 1) / streams;
    }
    qsort(gap, gaps, sizeof *gap, by_value);
    printf("{\"completed\":%d,\"mean_ttft_ms\":%.6f,\"mean_tpot_ms\":%.6f,\"p99_itl_ms\":%.6f}\n", streams, ttft, tpot,
           gaps ? gap[(size_t)((double)gaps * 0.99)] : 0.0);
    return 0;
}
