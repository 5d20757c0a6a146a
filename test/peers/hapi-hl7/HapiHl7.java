import ca.uhn.hl7v2.AcknowledgmentCode;
import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.ErrorCode;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.app.HL7Service;
import ca.uhn.hl7v2.llp.ExtendedMinLowerLayerProtocol;
import ca.uhn.hl7v2.model.Group;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.model.Segment;
import ca.uhn.hl7v2.model.Structure;
import ca.uhn.hl7v2.model.Type;
import ca.uhn.hl7v2.model.v251.group.OML_O21_ORDER;
import ca.uhn.hl7v2.model.v251.group.ORL_O22_ORDER;
import ca.uhn.hl7v2.model.v251.message.OML_O21;
import ca.uhn.hl7v2.model.v251.message.ORL_O22;
import ca.uhn.hl7v2.parser.CanonicalModelClassFactory;
import ca.uhn.hl7v2.parser.GenericParser;
import ca.uhn.hl7v2.parser.UnexpectedSegmentBehaviourEnum;
import ca.uhn.hl7v2.protocol.ReceivingApplication;
import ca.uhn.hl7v2.util.StandardSocketFactory;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * HL7 v2.5.1 by hands nobody here wrote, over MLLP on loopback, honouring MSH-18. Prints one JSON object per line; ends when its standard input does.
 *
 * `receive PORT accept|refuse`: parses strictly (default validation rules, no unexpected segment, everything its own model of the structure calls
 * required), answers an OML^O21 with an ORL^O22 it builds itself, anything else with its own ACK.
 * `send PORT`: each line of standard input is one message, base64 of UTF-8; it is parsed as strictly, encoded again by HAPI and sent.
 */
public class HapiHl7 {
  private static final Map<String, String> ACCEPTED = Map.of("NW", "OK", "XO", "XR", "CA", "CR", "DC", "DR");
  private static final Map<String, String> REFUSED = Map.of("NW", "UA", "XO", "UX", "CA", "UC", "DC", "UD");

  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[1]);
    try (HapiContext context = strictContext()) {
      if (arguments[0].equals("send")) send(context, port);
      else receive(context, port, arguments[2].equals("refuse"));
    }
    System.exit(0);
  }

  private static HapiContext strictContext() {
    DefaultHapiContext context = new DefaultHapiContext(new CanonicalModelClassFactory("2.5.1")) {
      @Override
      public synchronized GenericParser getGenericParser() {
        return new OrderParser(this);
      }
    };
    context.setValidationContext(ValidationContextFactory.defaultValidation());
    context.getParserConfiguration().setUnexpectedSegmentBehaviour(UnexpectedSegmentBehaviourEnum.THROW_HL7_EXCEPTION);
    context.setLowerLayerProtocol(new ExtendedMinLowerLayerProtocol());
    context.setSocketFactory(new LoopbackSockets());
    return context;
  }

  /**
   * OML^O21 can be read two ways: HAPI's usual, greedy one takes the ORC of a second order for the prior results of the first. Its other one cannot read
   * ORU^R01.
   */
  private static class OrderParser extends GenericParser {
    OrderParser(HapiContext context) {
      super(context);
    }

    @Override
    protected Message doParse(String text, String version) throws HL7Exception {
      synchronized (getParserConfiguration()) {
        getParserConfiguration().setNonGreedyMode(text.contains("|OML^O21"));
        return super.doParse(text, version);
      }
    }
  }

  // ---- receiving

  private static void receive(HapiContext context, int port, boolean refuse) throws Exception {
    HL7Service server = context.newServer(port, false);
    server.registerApplication("*", "*", new Receiver(refuse));
    server.setExceptionHandler(
        (incoming, metadata, outgoing, problem) -> {
          print("rejected", "text", incoming, "answer", outgoing, "why", String.valueOf(problem.getMessage()));
          return outgoing;
        });
    server.startAndWait();
    print("listening");
    while (System.in.read() >= 0) {}
    server.stopAndWait();
  }

  private record Receiver(boolean refuse) implements ReceivingApplication<Message> {
    @Override
    public boolean canProcess(Message message) {
      return true;
    }

    @Override
    public Message processMessage(Message message, Map<String, Object> metadata) throws HL7Exception {
      refuseIncomplete(message, message.getName());
      Message answer;
      try {
        answer = message instanceof OML_O21 order ? answerTo(order, refuse) : message.generateACK();
      } catch (IOException problem) {
        throw new HL7Exception(problem);
      }
      Terser terser = new Terser(message);
      print(
          "received",
          "type", terser.get("/MSH-9-1") + "^" + terser.get("/MSH-9-2"),
          "controlId", terser.get("/MSH-10"),
          "orders", message instanceof OML_O21 order ? ordersOf(order) : "",
          "text", message.encode(),
          "answer", answer.encode());
      return answer;
    }
  }

  /** `control^placer^filler^code^priority` of each order, by `~`. */
  private static String ordersOf(OML_O21 message) throws HL7Exception {
    List<String> orders = new ArrayList<>();
    for (OML_O21_ORDER order : message.getORDERAll()) {
      var request = order.getOBSERVATION_REQUEST().getOBR();
      orders.add(
          String.join(
              "^",
              text(order.getORC().getOrderControl()),
              text(order.getORC().getPlacerOrderNumber().getEntityIdentifier()),
              text(order.getORC().getFillerOrderNumber().getEntityIdentifier()),
              text(request.getUniversalServiceIdentifier().getIdentifier()),
              order.getTIMINGReps() == 0 ? "" : text(order.getTIMING().getTQ1().getPriority(0).getIdentifier())));
    }
    return String.join("~", orders);
  }

  private static String text(Type type) throws HL7Exception {
    return type.isEmpty() ? "" : type.encode();
  }

  private static ORL_O22 answerTo(OML_O21 message, boolean refuse) throws HL7Exception, IOException {
    ORL_O22 answer = new ORL_O22();
    answer.initQuickstart("ORL", "O22", "P");
    Terser to = new Terser(answer);
    Terser from = new Terser(message);
    to.set("/MSH-9-3", "ORL_O22");
    to.set("/MSH-3", from.get("/MSH-5"));
    to.set("/MSH-4", from.get("/MSH-6"));
    to.set("/MSH-5", from.get("/MSH-3"));
    to.set("/MSH-6", from.get("/MSH-4"));
    to.set("/MSH-18", from.get("/MSH-18"));
    to.set("/MSA-1", (refuse ? AcknowledgmentCode.AE : AcknowledgmentCode.AA).name());
    to.set("/MSA-2", from.get("/MSH-10"));
    if (refuse) {
      to.set("/ERR-3-1", "205");
      to.set("/ERR-3-2", "Duplicate key identifier");
      to.set("/ERR-3-3", "HL70357");
      to.set("/ERR-4", "E");
    }
    var patient = answer.getRESPONSE().getPATIENT();
    if (message.getPATIENT().getPID().isEmpty()) patient.getPID().getPatientIdentifierList(0).getIDNumber().setValue("?");
    else patient.getPID().parse(message.getPATIENT().getPID().encode());
    int index = 0;
    for (OML_O21_ORDER order : message.getORDERAll()) answerOrder(order, patient.getORDER(index++), refuse);
    return answer;
  }

  private static void answerOrder(OML_O21_ORDER order, ORL_O22_ORDER answer, boolean refuse) throws HL7Exception {
    String control = order.getORC().getOrderControl().getValue();
    answer.getORC().parse(order.getORC().encode());
    answer.getORC().getOrderControl().setValue((refuse ? REFUSED : ACCEPTED).getOrDefault(control, refuse ? "UA" : "OK"));
    if (!refuse) {
      String placer = order.getORC().getPlacerOrderNumber().getEntityIdentifier().getValue();
      answer.getORC().getFillerOrderNumber().getEntityIdentifier().setValue("F" + placer);
      answer.getORC().getFillerOrderNumber().getNamespaceID().setValue("HAPI");
    }
    answer.getOBSERVATION_REQUEST().getOBR().parse(order.getOBSERVATION_REQUEST().getOBR().encode());
  }

  /** What HAPI's parser leaves to others: required segments, groups and fields of its own model. */
  private static void refuseIncomplete(Group group, String path) throws HL7Exception {
    for (String name : group.getNames()) {
      Structure[] found = group.getAll(name);
      boolean there = false;
      for (Structure structure : found) there |= !structure.isEmpty();
      if (!there && group.isRequired(name) && !group.isChoiceElement(name))
        throw new HL7Exception(path + " needs " + name, ErrorCode.SEGMENT_SEQUENCE_ERROR);
      for (Structure structure : found) {
        if (structure.isEmpty()) continue;
        if (structure instanceof Group inner) refuseIncomplete(inner, path + "." + name);
        else refuseIncompleteSegment((Segment) structure, path + "." + name);
      }
    }
  }

  private static void refuseIncompleteSegment(Segment segment, String path) throws HL7Exception {
    for (int number = 1; number <= segment.numFields(); number++) {
      if (!segment.isRequired(number)) continue;
      boolean there = false;
      for (Type type : segment.getField(number)) there |= !type.isEmpty();
      if (!there) throw new HL7Exception(path + "-" + number + " is required", ErrorCode.REQUIRED_FIELD_MISSING);
    }
  }

  // ---- sending

  private static void send(HapiContext context, int port) throws Exception {
    Connection connection = context.newClient("127.0.0.1", port, false);
    connection.getInitiator().setTimeout(20, java.util.concurrent.TimeUnit.SECONDS);
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Message message = context.getGenericParser().parse(new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8));
      refuseIncomplete(message, message.getName());
      Message answer = connection.getInitiator().sendAndReceive(message);
      Terser terser = new Terser(answer);
      print(
          "answered",
          "type", terser.get("/MSH-9-1"),
          "ack", terser.get("/MSA-1"),
          "controlId", terser.get("/MSA-2"),
          "text", answer.encode());
    }
    connection.close();
  }

  // ---- lines out

  private static synchronized void print(String kind, String... pairs) {
    StringBuilder line = new StringBuilder("{\"kind\":").append(quoted(kind));
    for (int index = 0; index < pairs.length; index += 2)
      line.append(',').append(quoted(pairs[index])).append(':').append(pairs[index + 1] == null ? "null" : quoted(pairs[index + 1]));
    byte[] bytes = line.append("}\n").toString().getBytes(StandardCharsets.UTF_8);
    System.out.write(bytes, 0, bytes.length);
    System.out.flush();
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (char letter : text.toCharArray()) {
      if (letter == '"' || letter == '\\') quoted.append('\\').append(letter);
      else if (letter < 0x20) quoted.append(String.format("\\u%04x", (int) letter));
      else quoted.append(letter);
    }
    return quoted.append('"').toString();
  }

  /** HAPI would listen on every interface. */
  private static class LoopbackSockets extends StandardSocketFactory {
    @Override
    public ServerSocket createServerSocket() throws IOException {
      return new ServerSocket() {
        @Override
        public void bind(SocketAddress address, int backlog) throws IOException {
          super.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), ((InetSocketAddress) address).getPort()), backlog);
        }
      };
    }
  }
}
