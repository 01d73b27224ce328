package dev.cofferdam.mesh.web;

import dev.cofferdam.mesh.TlsFiles;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A headless Chromium with a home of its own, in which there is one client certificate, driven by
 * keys over the DevTools protocol (chromedevtools.github.io/devtools-protocol).
 */
public final class TestBrowser implements AutoCloseable {
  private static final List<String> BROWSERS =
      List.of("chromium", "chromium-browser", "google-chrome");
  private static final long PATIENCE_S = 60;
  private static final Pattern ID = Pattern.compile("^\\{\"id\":(\\d+),");
  private static final Pattern VALUE = Pattern.compile("\"value\":\"([^\"]*)\"");
  private static final Pattern DATA = Pattern.compile("\"data\":\"([^\"]*)\"");
  private static final Pattern PAGE =
      Pattern.compile("\"webSocketDebuggerUrl\": \"(ws://[^\"]*/devtools/page/[^\"]*)\"");

  /** Names and codes of the keys that tests press. */
  private static final Map<String, Integer> KEYS = Map.of("Tab", 9, "Enter", 13);

  private final Process process;
  private final HttpClient client = HttpClient.newHttpClient();
  private final Map<Integer, CompletableFuture<String>> answers = new ConcurrentHashMap<>();
  private final WebSocket socket;
  private int calls;

  private TestBrowser(Process process, Path profile) throws Exception {
    this.process = process;
    try {
      Path active = profile.resolve("DevToolsActivePort");
      await(() -> Files.exists(active) && Files.readAllLines(active).size() > 1);
      URI pages =
          URI.create("http://127.0.0.1:" + Files.readAllLines(active).getFirst() + "/json/list");
      await(() -> page(pages).isPresent());
      this.socket =
          client
              .newWebSocketBuilder()
              .buildAsync(URI.create(page(pages).orElseThrow()), new Listener())
              .get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (Exception e) {
      process.destroyForcibly();
      client.close();
      throw e;
    }
  }

  /** What is not on this machine's PATH and is needed; empty: all is there. */
  public static Optional<String> missing() {
    if (BROWSERS.stream().noneMatch(name -> onPath(name).isPresent())) {
      return Optional.of(String.join(", ", BROWSERS));
    }
    return Stream.of("certutil", "pk12util", "openssl")
        .filter(name -> onPath(name).isEmpty())
        .findFirst();
  }

  /**
   * Starts one.
   *
   * @param folder its home, empty
   * @param identity the certificate that it shows, and whom it trusts
   * @param origin to whom it shows it, such as "https://127.0.0.1:8443"
   */
  public static TestBrowser open(Path folder, TlsFiles identity, String origin) throws Exception {
    String keys = "sql:" + Files.createDirectories(folder.resolve(".pki/nssdb"));
    String bundle = folder.resolve("identity.p12").toString();
    run(
        "openssl",
        "pkcs12",
        "-export",
        "-passout",
        "pass:x",
        "-out",
        bundle,
        "-in",
        identity.certificate().toString(),
        "-inkey",
        identity.key().toString());
    run("certutil", "-N", "-d", keys, "--empty-password");
    run("pk12util", "-i", bundle, "-d", keys, "-W", "x");
    run(
        "certutil",
        "-A",
        "-n",
        "ca",
        "-t",
        "CT,C,C",
        "-i",
        identity.trust().toString(),
        "-d",
        keys);
    Path profile = folder.resolve("profile");
    Files.writeString(
        Files.createDirectories(profile.resolve("Default")).resolve("Preferences"),
        """
        {"profile":{"content_settings":{"exceptions":{"auto_select_certificate":
          {"%s,*":{"setting":{"filters":[{}]}}}}}}}
        """
            .formatted(origin));
    List<String> command = new ArrayList<>();
    command.add(BROWSERS.stream().flatMap(name -> onPath(name).stream()).findFirst().orElseThrow());
    command.addAll(
        List.of(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1200,900",
            "--remote-debugging-port=0",
            "--user-data-dir=" + profile));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("HOME", folder.toString());
    return new TestBrowser(builder.start(), profile);
  }

  private static Optional<String> onPath(String program) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
        .map(folder -> Path.of(folder).resolve(program))
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst();
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(command[0] + ": " + said);
    }
  }

  private Optional<String> page(URI pages) throws IOException, InterruptedException {
    Matcher found =
        PAGE.matcher(
            client.send(HttpRequest.newBuilder(pages).build(), BodyHandlers.ofString()).body());
    return found.find() ? Optional.of(found.group(1)) : Optional.empty();
  }

  /** Opens a page, and waits until it is there. */
  public void open(String url) throws Exception {
    call("Page.navigate", "{\"url\":\"" + url + "\"}");
    await(() -> ask("document.readyState + ' ' + location.href").equals("complete " + url));
  }

  /** What an expression of JavaScript is on the page, as text. */
  public String ask(String expression) throws Exception {
    String answer =
        call(
            "Runtime.evaluate",
            "{\"expression\":\"encodeURIComponent(String("
                + expression.replace("\\", "\\\\").replace("\"", "\\\"")
                + "))\"}");
    return URLDecoder.decode(field(VALUE, answer), StandardCharsets.UTF_8);
  }

  /** Waits until such an expression is true. */
  public void awaitTrue(String expression) throws Exception {
    await(() -> ask("document.readyState == 'complete' && " + expression).equals("true"));
  }

  /** Presses "Tab" or "Enter". */
  public void press(String key) throws Exception {
    String text = key.equals("Enter") ? ",\"text\":\"\\r\"" : "";
    for (String type : List.of("keyDown", "keyUp")) {
      call(
          "Input.dispatchKeyEvent",
          "{\"type\":\"%s\",\"key\":\"%s\",\"code\":\"%s\",\"windowsVirtualKeyCode\":%d%s}"
              .formatted(type, key, key, KEYS.get(key), text));
    }
  }

  /** Types where the focus is. */
  public void type(String text) throws Exception {
    call("Input.insertText", "{\"text\":\"" + text + "\"}");
  }

  /** The page as it is printed: a PDF. */
  public byte[] print() throws Exception {
    return Base64.getDecoder().decode(field(DATA, call("Page.printToPDF", "{}")));
  }

  private static String field(Pattern field, String answer) {
    Matcher found = field.matcher(answer);
    if (!found.find()) {
      throw new IllegalStateException(answer);
    }
    return found.group(1);
  }

  private String call(String method, String parameters) throws Exception {
    CompletableFuture<String> answer = new CompletableFuture<>();
    answers.put(++calls, answer);
    socket
        .sendText(
            "{\"id\":%d,\"method\":\"%s\",\"params\":%s}".formatted(calls, method, parameters),
            true)
        .get(PATIENCE_S, TimeUnit.SECONDS);
    return answer.get(PATIENCE_S, TimeUnit.SECONDS);
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(Condition condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
    while (!condition.holds()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("waited in vain");
      }
      Thread.sleep(20);
    }
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder message = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
      message.append(data);
      if (last) {
        Matcher id = ID.matcher(message);
        if (id.find()) {
          CompletableFuture<String> answer = answers.remove(Integer.parseInt(id.group(1)));
          if (answer != null) {
            answer.complete(message.toString());
          }
        }
        message.setLength(0);
      }
      webSocket.request(1);
      return CompletableFuture.completedStage(null);
    }
  }

  @Override
  public void close() throws InterruptedException {
    socket.abort();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor();
    client.close();
  }
}
