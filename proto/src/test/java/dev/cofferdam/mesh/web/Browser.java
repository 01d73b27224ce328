package dev.cofferdam.mesh.web;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import dev.cofferdam.mesh.TlsFiles;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A headless Chromium with a home of its own, in which there is one client certificate, worked by
 * its keyboard over the DevTools protocol (chromedevtools.github.io/devtools-protocol).
 */
public final class Browser implements AutoCloseable {
  private static final long WAIT_S = 30;

  private static final List<String> PROGRAMS =
      List.of("chromium", "chromium-browser", "google-chrome");

  private static final Map<String, Integer> KEYS = Map.of("Tab", 9, "Enter", 13);

  private final Process process;
  private final HttpClient http = HttpClient.newHttpClient();
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private final WebSocket socket;
  private int last;

  private Browser(Path program, Path home) throws IOException, InterruptedException {
    Path profile = home.resolve("profile");
    ProcessBuilder builder =
        new ProcessBuilder(
                program.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("HOME", home.toString());
    process = builder.start();
    socket =
        http.newWebSocketBuilder()
            .buildAsync(URI.create(page(profile.resolve("DevToolsActivePort"))), new Listener())
            .join();
  }

  /** What is not on this machine's PATH and is needed; empty: all is there. */
  public static Optional<String> missing() {
    if (program().isEmpty()) {
      return Optional.of(String.join(", ", PROGRAMS));
    }
    return Stream.of("certutil", "pk12util", "openssl")
        .filter(name -> onPath(name).isEmpty())
        .findFirst();
  }

  private static Optional<Path> program() {
    return PROGRAMS.stream().flatMap(name -> onPath(name).stream()).findFirst();
  }

  private static Optional<Path> onPath(String name) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
        .map(folder -> Path.of(folder).resolve(name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Starts one.
   *
   * @param home its home, empty
   * @param identity the certificate that it shows, and whom it trusts
   * @param origin to whom it shows it, such as "https://127.0.0.1:8443"
   */
  public static Browser open(Path home, TlsFiles identity, String origin)
      throws IOException, InterruptedException {
    String keys = "sql:" + Files.createDirectories(home.resolve(".pki/nssdb"));
    String bundle = home.resolve("identity.p12").toString();
    String trust = identity.trust().toString();
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
    run("certutil", "-A", "-n", "ca", "-t", "CT,C,C", "-i", trust, "-d", keys);
    Files.writeString(
        Files.createDirectories(home.resolve("profile/Default")).resolve("Preferences"),
        """
        {"profile":{"content_settings":{"exceptions":{"auto_select_certificate":
          {"%s,*":{"setting":{"filters":[{}]}}}}}}}
        """
            .formatted(origin));
    return new Browser(program().orElseThrow(), home);
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(command[0] + ": " + said);
    }
  }

  private String page(Path portFile) throws IOException, InterruptedException {
    for (long until = deadline(); System.nanoTime() < until; Thread.sleep(50)) {
      List<String> lines = Files.exists(portFile) ? Files.readAllLines(portFile) : List.of();
      if (lines.size() > 1) {
        URI list = URI.create("http://127.0.0.1:" + lines.getFirst() + "/json/list");
        String pages =
            http.send(HttpRequest.newBuilder(list).build(), HttpResponse.BodyHandlers.ofString())
                .body();
        for (Value page :
            parse("{\"pages\":" + pages + "}")
                .getFieldsOrThrow("pages")
                .getListValue()
                .getValuesList()) {
          Struct target = page.getStructValue();
          if (target.getFieldsOrThrow("type").getStringValue().equals("page")) {
            return target.getFieldsOrThrow("webSocketDebuggerUrl").getStringValue();
          }
        }
      }
    }
    process.destroyForcibly();
    throw new IOException("the browser does not answer");
  }

  private static long deadline() {
    return System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
  }

  /** Collects whole messages. */
  private final class Listener implements WebSocket.Listener {
    private final StringBuilder part = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean end) {
      part.append(data);
      if (end) {
        answers.add(part.toString());
        part.setLength(0);
      }
      from.request(1);
      return null;
    }
  }

  private static Struct parse(String json) {
    Struct.Builder parsed = Struct.newBuilder();
    try {
      JsonFormat.parser().merge(json, parsed);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("not JSON: " + json, e);
    }
    return parsed.build();
  }

  private static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }

  private static Value number(double number) {
    return Value.newBuilder().setNumberValue(number).build();
  }

  private Struct call(String method, Map<String, Value> parameters) throws InterruptedException {
    int id = ++last;
    Struct call =
        Struct.newBuilder()
            .putFields("id", number(id))
            .putFields("method", text(method))
            .putFields(
                "params",
                Value.newBuilder()
                    .setStructValue(Struct.newBuilder().putAllFields(parameters))
                    .build())
            .build();
    try {
      socket.sendText(JsonFormat.printer().print(call), true).join();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
    while (true) {
      String message = answers.poll(WAIT_S, TimeUnit.SECONDS);
      if (message == null) {
        throw new IllegalStateException("the browser did not answer " + method);
      }
      Struct answer = parse(message);
      if (answer.containsFields("id") && answer.getFieldsOrThrow("id").getNumberValue() == id) {
        if (answer.containsFields("error")) {
          throw new IllegalStateException(method + ": " + message);
        }
        return answer.getFieldsOrThrow("result").getStructValue();
      }
    }
  }

  /** Opens a page and waits for it. */
  public void open(URI uri) throws InterruptedException {
    var unused = call("Page.navigate", Map.of("url", text(uri.toString())));
    await("location.href == '" + uri + "'");
  }

  /** The value of an expression in the page, as text. */
  public String value(String expression) throws InterruptedException {
    Struct result =
        call("Runtime.evaluate", Map.of("expression", text("String(" + expression + ")")))
            .getFieldsOrThrow("result")
            .getStructValue();
    return result.getFieldsOrDefault("value", text("")).getStringValue();
  }

  /** Waits until an expression is true, on a page that is complete. */
  public void await(String expression) throws InterruptedException {
    for (long until = deadline(); System.nanoTime() < until; Thread.sleep(20)) {
      if (value("document.readyState == 'complete' && " + expression).equals("true")) {
        return;
      }
    }
    throw new IllegalStateException("never true: " + expression + " on " + value("location.href"));
  }

  /** Presses "Tab" or "Enter". */
  public void press(String key) throws InterruptedException {
    Map<String, Value> pressed =
        Map.of(
            "key", text(key),
            "code", text(key),
            "text", text(key.equals("Enter") ? "\r" : ""),
            "windowsVirtualKeyCode", number(KEYS.getOrDefault(key, 0)));
    for (String type : List.of("keyDown", "keyUp")) {
      Struct.Builder all = Struct.newBuilder().putAllFields(pressed).putFields("type", text(type));
      var unused = call("Input.dispatchKeyEvent", all.getFieldsMap());
    }
  }

  /** Types into what has the focus. */
  public void type(String text) throws InterruptedException {
    var unused = call("Input.insertText", Map.of("text", text(text)));
  }

  /** Presses Tab until an expression about {@code document.activeElement} is true. */
  public void tabTo(String expression) throws InterruptedException {
    for (int i = 0; i < 200; i++) {
      press("Tab");
      if (value(expression).equals("true")) {
        return;
      }
    }
    throw new IllegalStateException("the keyboard does not reach " + expression);
  }

  /** What the window shows, as PNG. */
  public byte[] screenshot() throws InterruptedException {
    return bytes(call("Page.captureScreenshot", Map.of()));
  }

  /** The page as it is printed, as PDF. */
  public byte[] print() throws InterruptedException {
    return bytes(call("Page.printToPDF", Map.of()));
  }

  private static byte[] bytes(Struct result) {
    return Base64.getDecoder().decode(result.getFieldsOrThrow("data").getStringValue());
  }

  /** Takes another size of the window. */
  public void resize(int width, int height) throws InterruptedException {
    var unused =
        call(
            "Emulation.setDeviceMetricsOverride",
            Map.of(
                "width", number(width),
                "height", number(height),
                "deviceScaleFactor", number(1),
                "mobile", Value.newBuilder().setBoolValue(false).build()));
  }

  @Override
  public void close() throws InterruptedException {
    socket.abort();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor();
    http.shutdownNow();
  }
}
