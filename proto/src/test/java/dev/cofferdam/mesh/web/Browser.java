package dev.cofferdam.mesh.web;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
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

/** A headless Chromium, where the machine has one, worked by its keyboard (DevTools protocol). */
public final class Browser implements AutoCloseable {
  private static final long WAIT_S = 30;

  private static final Map<String, Integer> KEYS = Map.of("Tab", 9, "Enter", 13);

  private final Process process;
  private final HttpClient http = HttpClient.newHttpClient();
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private final WebSocket socket;
  private int last;

  private Browser(Path program, Path profile) throws IOException, InterruptedException {
    process =
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
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    socket =
        http.newWebSocketBuilder()
            .buildAsync(URI.create(page(profile.resolve("DevToolsActivePort"))), new Listener())
            .join();
  }

  /** The program, where there is one. */
  public static Optional<Path> program() {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
        .flatMap(
            folder ->
                Stream.of("chromium", "chromium-browser", "google-chrome")
                    .map(name -> Path.of(folder).resolve(name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Starts one.
   *
   * @param profile a folder that does not exist
   */
  public static Browser start(Path program, Path profile) throws IOException, InterruptedException {
    return new Browser(program, profile);
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
    await("document.readyState == 'complete' && location.href != 'about:blank'");
  }

  /** The value of an expression in the page, as text. */
  public String value(String expression) throws InterruptedException {
    Struct result =
        call("Runtime.evaluate", Map.of("expression", text("String(" + expression + ")")))
            .getFieldsOrThrow("result")
            .getStructValue();
    return result.getFieldsOrDefault("value", text("")).getStringValue();
  }

  /** Waits until an expression is true. */
  public void await(String expression) throws InterruptedException {
    for (long until = deadline(); System.nanoTime() < until; Thread.sleep(20)) {
      if (value(expression).equals("true")) {
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
    process.destroy();
    if (!process.waitFor(5, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
    http.shutdownNow();
  }
}
