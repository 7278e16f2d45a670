"""What the step `commands` finds wrong."""

import unittest

from trial.documents import Call, as_deployed, faults_of, run, sam_faults

STACKS = {"vestibule": "template.yaml", "alarms": "infra/alarms.yaml"}


def wrong(command, is_whole=True):
    """What is said against a command, as a shell reads it."""
    (words,) = run(command) if is_whole else [command.split()]
    calls = list(as_deployed(Call("x.md", tuple(words), is_whole)))
    return [fault for call in calls for fault in faults_of(call, STACKS)] + sam_faults([call for call in calls if call.words[0] == "sam"])


class Documents(unittest.TestCase):
    def refused(self, command, reason, is_whole=True):
        faults = "\n".join(wrong(command, is_whole))
        self.assertIn(reason, faults, command)

    def test_what_is_right(self):
        self.assertEqual(wrong("aws sts get-caller-identity"), [])
        self.assertEqual(wrong("make rollback ARGS=undo"), [])
        self.assertEqual(wrong("infra/deploy --parameter-overrides SiteName=Example"), [])
        self.assertEqual(wrong("aws lambda update-alias", is_whole=False), [])
        query = "Stacks[0].Outputs[?OutputKey=='ApiId'].OutputValue"
        self.assertEqual(wrong(f'aws cloudformation describe-stacks --stack-name vestibule --query "{query}"'), [])

    def test_the_aws_cli(self):
        self.refused("aws lambda update-alias", "are required")
        self.refused("aws lambda get-functions", "nvalid choice")
        self.refused("aws sqs purge-queue --queue-url x --wait", "--wait")
        self.refused("aws cloudformation deploy --stack-name x --template-file infra/backup.yaml --rolls x", "nvalid choice")
        self.refused('aws sqs purge-queue --queue-url "$URL"', "set nowhere")

    def test_sam_and_make(self):
        self.refused("infra/deploy --regions eu-west-1", "--regions")
        self.refused("make deploy ENV=nowhere", "--stack-name")
        self.refused('make deploy ARGS="--parameter-overrides FrontendURL=x"', "no parameter FrontendURL")
        self.refused("make deploys", "no such target")
        self.refused("infra/deploys", "no such program")

    def test_templates(self):
        deploy = "aws cloudformation deploy --stack-name x --template-file"
        self.refused(f"{deploy} infra/alarms.yaml --parameter-overrides Mail=x", "no parameter Mail")
        self.refused(f"{deploy} infra/ses.yaml --parameter-overrides HostedZoneId=x", "needs the parameter Domain")
        self.refused(f"{deploy} infra/operator.yaml --parameter-overrides TableName=x SecretKeyArn=x", "--capabilities")
        query = "aws cloudformation describe-stacks --query \"Stacks[0].Outputs[?OutputKey=='ApiIds']\" --stack-name"
        self.refused(f"{query} vestibule", "no output ApiIds")
        self.refused(f"{query} vestibules", "no document deploys")
