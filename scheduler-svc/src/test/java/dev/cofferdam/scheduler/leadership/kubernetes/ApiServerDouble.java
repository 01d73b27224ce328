package dev.cofferdam.scheduler.leadership.kubernetes;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.cofferdam.mesh.TlsFiles;
import io.grpc.util.CertificateUtils;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * What the API server does with Leases, over TLS: versions, conflicts, and accounts by their
 * tokens. A call may have a fate of its own.
 */
final class ApiServerDouble implements AutoCloseable {
  static final String NAMESPACE = "cofferdam";
  private static final String LEASES =
      "/apis/coordination.k8s.io/v1/namespaces/" + NAMESPACE + "/leases";

  /** What becomes of a call. */
  enum Fate {
    /** It is done and answered. */
    ANSWERED,
    /** It does not arrive. */
    LOST,
    /** It is done, and its answer does not arrive. */
    UNANSWERED,
    /** It is done, and its answer comes when the double ends. */
    SLOW,
    /** The server is not well: 500. */
    BROKEN
  }

  private final HttpsServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, Boolean> tokens = new ConcurrentHashMap<>();
  private final Map<String, Queue<Fate>> fates = new ConcurrentHashMap<>();
  private final Map<String, Fate> lasting = new ConcurrentHashMap<>();
  private final Map<String, JsonObject> leases = new ConcurrentHashMap<>();
  private final Object end = new Object();
  private boolean ended;
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private long version = 100;
  private long calls;

  ApiServerDouble(TlsFiles identity) {
    try {
      server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
      server.setHttpsConfigurator(new HttpsConfigurator(context(identity)));
      server.createContext("/", this::handle);
      server.setExecutor(threads);
      server.start();
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static SSLContext context(TlsFiles identity)
      throws IOException, GeneralSecurityException {
    try (InputStream key = Files.newInputStream(identity.key());
        InputStream certificate = Files.newInputStream(identity.certificate())) {
      PrivateKey secret = CertificateUtils.getPrivateKey(key);
      X509Certificate[] chain = CertificateUtils.getX509Certificates(certificate);
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry("server", secret, new char[0], chain);
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, new char[0]);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), null, null);
      return context;
    }
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** Takes calls with that token from now on. */
  void account(String token) {
    tokens.put(token, true);
  }

  /** Refuses calls with that token from now on. */
  void revoke(String token) {
    tokens.remove(token);
  }

  /** What becomes of the next call with that token, behind what was said before. */
  synchronized void next(String token, Fate fate) {
    fates.computeIfAbsent(token, t -> new ArrayDeque<>()).add(fate);
  }

  /** What becomes of all calls with that token. */
  void always(String token, Fate fate) {
    lasting.put(token, fate);
  }

  /** Time goes by on the server's own clock, by which it says when an object was created. */
  synchronized void pass(long ms) {
    now = now.plusMillis(ms);
  }

  /** A Lease as somebody else writes it. */
  synchronized void put(String name, JsonObject lease) {
    store(name, lease);
  }

  /** Returns when the holder is another, or nobody. */
  synchronized void awaitHolderOtherThan(String name, String holder) {
    long end = System.nanoTime() + 30_000_000_000L;
    while (lease(name).getJsonObject("spec").getString("holderIdentity").equals(holder)) {
      if (System.nanoTime() > end) {
        throw new AssertionError(name + " is still " + holder + "'s");
      }
      try {
        wait(1_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }
  }

  /** A Lease as it is kept; it must be there. */
  JsonObject lease(String name) {
    JsonObject kept = leases.get(name);
    if (kept == null) {
      throw new AssertionError("no Lease " + name);
    }
    return kept.copy();
  }

  void delete(String name) {
    leases.remove(name);
  }

  /** Somebody else's change that does not concern the holder. */
  synchronized void annotate(String name) {
    JsonObject lease = lease(name);
    lease.getJsonObject("metadata").put("annotations", new JsonObject().put("seen-by", "ann"));
    store(name, lease);
  }

  /** A Lease that was given back. */
  synchronized void free(String name) {
    JsonObject metadata = new JsonObject().put("name", name);
    JsonObject spec =
        new JsonObject()
            .put("holderIdentity", "")
            .put("leaseDurationSeconds", 1)
            .put("leaseTransitions", 3);
    created(name, new JsonObject().put("metadata", metadata).put("spec", spec));
  }

  synchronized long calls() {
    return calls;
  }

  private void handle(HttpExchange exchange) throws IOException {
    String token =
        String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"))
            .replaceFirst("^Bearer ", "");
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    Fate fate = fate(token);
    if (fate == Fate.LOST) {
      // Nothing is answered, and the connection goes.
      throw new IOException("lost");
    }
    Answer answer =
        fate == Fate.BROKEN
            ? status(500, "etcdserver: request timed out")
            : done(exchange.getRequestMethod(), exchange.getRequestURI().getPath(), body, token);
    if (fate == Fate.UNANSWERED) {
      throw new IOException("unanswered");
    }
    if (fate == Fate.SLOW) {
      awaitEnd();
    }
    byte[] bytes = answer.body().toString().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(answer.status(), bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private synchronized Fate fate(String token) {
    calls++;
    Queue<Fate> queue = fates.get(token);
    Fate next = queue == null ? null : queue.poll();
    return next == null ? lasting.getOrDefault(token, Fate.ANSWERED) : next;
  }

  private record Answer(int status, JsonObject body) {}

  private synchronized Answer done(String method, String path, String body, String token) {
    if (!tokens.containsKey(token)) {
      return status(401, "Unauthorized");
    }
    if (!path.equals(LEASES) && !path.startsWith(LEASES + "/")) {
      return status(403, "leases.coordination.k8s.io is forbidden");
    }
    if (method.equals("POST")) {
      JsonObject lease = new JsonObject(body);
      String name = lease.getJsonObject("metadata").getString("name");
      return leases.containsKey(name)
          ? status(409, "already exists")
          : new Answer(201, created(name, lease));
    }
    String name = path.substring(LEASES.length() + 1);
    JsonObject kept = leases.get(name);
    if (method.equals("GET")) {
      return kept == null ? missing(name) : new Answer(200, kept);
    }
    JsonObject lease = new JsonObject(body);
    JsonObject metadata = lease.getJsonObject("metadata");
    if (kept == null) {
      // A Lease may be created by a PUT, but not one with the uid of another.
      return metadata.containsKey("uid") ? status(409, "uid mismatch") : missing(name);
    }
    JsonObject current = kept.getJsonObject("metadata");
    boolean same =
        current.getString("resourceVersion").equals(metadata.getString("resourceVersion"))
            && current.getString("uid").equals(metadata.getString("uid"));
    return same ? new Answer(200, store(name, lease)) : status(409, "the object has been modified");
  }

  private JsonObject created(String name, JsonObject lease) {
    JsonObject metadata = lease.getJsonObject("metadata");
    metadata.put("uid", "uid-" + version).put("namespace", NAMESPACE);
    metadata.put("creationTimestamp", now.truncatedTo(ChronoUnit.SECONDS).toString());
    return store(name, lease);
  }

  private JsonObject store(String name, JsonObject lease) {
    version++;
    lease.getJsonObject("metadata").put("resourceVersion", Long.toString(version));
    leases.put(name, lease.copy());
    notifyAll();
    return lease;
  }

  private static Answer missing(String name) {
    Answer answer = status(404, "leases.coordination.k8s.io \"" + name + "\" not found");
    answer
        .body()
        .put(
            "details",
            new JsonObject()
                .put("name", name)
                .put("group", "coordination.k8s.io")
                .put("kind", "leases"));
    return answer;
  }

  private static Answer status(int code, String message) {
    return new Answer(
        code,
        new JsonObject()
            .put("kind", "Status")
            .put("apiVersion", "v1")
            .put("message", message)
            .put("code", code));
  }

  private void awaitEnd() {
    synchronized (end) {
      while (!ended) {
        try {
          end.wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
  }

  @Override
  public void close() {
    synchronized (end) {
      ended = true;
      end.notifyAll();
    }
    server.stop(0);
    threads.shutdownNow();
  }
}
