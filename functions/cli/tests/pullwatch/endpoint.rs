//! An endpoint of AWS on this machine, which `AWS_ENDPOINT_URL` leads to: it answers each call by
//! its name, from an account with one cluster and one
//! instance, whose nodes wear the same role.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

const DETAILS: &str = "<RoleDetailList><member>
    <Path>/</Path><RoleName>workers</RoleName><RoleId>AROAEXAMPLE</RoleId>
    <Arn>arn:aws:iam::111122223333:role/workers</Arn>
    <CreateDate>2026-05-04T09:30:00Z</CreateDate>
    <RolePolicyList><member><PolicyName>all</PolicyName>
      <PolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22ecr%3A*%22%2C%22Resource%22%3A%22*%22%7D%7D</PolicyDocument>
    </member></RolePolicyList>
  </member></RoleDetailList><Policies/><IsTruncated>false</IsTruncated>";

const PROFILE: &str = "<Path>/</Path><InstanceProfileName>nodes</InstanceProfileName>
    <InstanceProfileId>AIPAEXAMPLE</InstanceProfileId>
    <Arn>arn:aws:iam::111122223333:instance-profile/nodes</Arn>
    <CreateDate>2026-05-04T09:30:00Z</CreateDate>
    <Roles><member><Path>/</Path><RoleName>workers</RoleName><RoleId>AROAEXAMPLE</RoleId>
      <Arn>arn:aws:iam::111122223333:role/workers</Arn>
      <CreateDate>2026-05-04T09:30:00Z</CreateDate></member></Roles>";

const INSTANCES: &str = "<DescribeInstancesResponse><reservationSet><item>
    <reservationId>r-1</reservationId><ownerId>111122223333</ownerId>
    <instancesSet><item>
      <instanceId>i-1</instanceId><instanceState><name>stopped</name></instanceState>
      <iamInstanceProfile>
        <arn>arn:aws:iam::111122223333:instance-profile/nodes</arn>
      </iamInstanceProfile>
      <tagSet><item><key>kubernetes.io/cluster/legacy</key><value>owned</value></item></tagSet>
    </item></instancesSet>
  </item></reservationSet></DescribeInstancesResponse>";

/// Listens until the test ends. A call that is among `refused` is answered with its code.
pub fn endpoint(refused: &'static [(&'static str, &'static str)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || respond(&stream, refused));
        }
    });
    url
}

fn respond(mut stream: &TcpStream, refused: &[(&str, &str)]) {
    let call = call(stream);
    let refusal = refused.iter().find(|(name, _)| call == *name);
    let (status, error_type, body) = match refusal {
        Some((_, code)) => (403, *code, error(&call, code)),
        None if call == "GetRegistryPolicy" => {
            (400, "RegistryPolicyNotFoundException", "{}".to_owned())
        }
        None => (200, "", answer(&call)),
    };
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} .\r\nx-amzn-errortype: {error_type}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
}

/// An error's body, as the protocol of the call has it.
fn error(call: &str, code: &str) -> String {
    let error = format!("<Error><Code>{code}</Code><Message>No.</Message></Error>");
    match call {
        "DescribeRegions" => format!("<Response><Errors>{error}</Errors></Response>"),
        path if path.starts_with('/') => r#"{"message":"No."}"#.to_owned(),
        _ => format!("<ErrorResponse>{error}</ErrorResponse>"),
    }
}

/// The call's name: the `Action` of a form, the end of `x-amz-target`, or a path. A call of SNS
/// anywhere but in us-east-1 is `elsewhere`.
fn call(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length, mut target) = (String::new(), 0, None::<String>);
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match &*name.to_lowercase() {
            "content-length" => length = value.parse().unwrap(),
            "authorization" if value.contains("/sns/") && !value.contains("/us-east-1/") => {
                target = Some("elsewhere".to_owned());
            }
            "x-amz-target" => target = value.split('.').nth(1).map(str::to_owned),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    target.or_else(|| action.map(str::to_owned)).unwrap_or(path)
}

fn answer(call: &str) -> String {
    let xml = |result: &str| {
        format!("<{call}Response><{call}Result>{result}</{call}Result></{call}Response>")
    };
    match call {
        "GetCallerIdentity" => xml("<Arn>arn:aws:sts::111122223333:assumed-role/Auditor/ada</Arn>
             <Account>111122223333</Account>"),
        "GetAccountAuthorizationDetails" => xml(DETAILS),
        "ListInstanceProfiles" => xml(&format!(
            "<InstanceProfiles><member>{PROFILE}</member></InstanceProfiles>
             <IsTruncated>false</IsTruncated>"
        )),
        "GetInstanceProfile" => xml(&format!("<InstanceProfile>{PROFILE}</InstanceProfile>")),
        "DescribeRegions" => "<DescribeRegionsResponse><regionInfo>
               <item><regionName>eu-west-1</regionName></item>
             </regionInfo></DescribeRegionsResponse>"
            .to_owned(),
        "DescribeInstances" => INSTANCES.to_owned(),
        "elsewhere" => "<ListTopicsResponse><ListTopicsResult/></ListTopicsResponse>".to_owned(),
        "ListTopics" => xml("<Topics>
               <member><TopicArn>arn:aws:sns:us-east-1:111122223333:payments</TopicArn></member>
               <member><TopicArn>arn:aws:sns:us-east-1:111122223333:pw-AlertTopic-1A</TopicArn></member>
             </Topics>"),
        "Subscribe" => xml("<SubscriptionArn>arn:aws:sns:us-east-1:111122223333:pw-AlertTopic-1A:80289ba6</SubscriptionArn>"),
        "DescribeRepositories" => r#"{"repositories":[]}"#.to_owned(),
        "/clusters" => r#"{"clusters":["prod"]}"#.to_owned(),
        "/clusters/prod" => r#"{"cluster":{"name":"prod"}}"#.to_owned(),
        "/clusters/prod/node-groups" => r#"{"nodegroups":["blue"]}"#.to_owned(),
        "/clusters/prod/node-groups/blue" => r#"{"nodegroup":{"nodegroupName":"blue",
            "clusterName":"prod","nodeRole":"arn:aws:iam::111122223333:role/workers"}}"#
            .to_owned(),
        "/clusters/prod/fargate-profiles" => r#"{"fargateProfileNames":[]}"#.to_owned(),
        "/clusters/prod/access-entries" => r#"{"accessEntries":[]}"#.to_owned(),
        other => panic!("nobody expected {other}"),
    }
}
